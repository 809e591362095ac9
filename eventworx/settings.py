"""All settings, from the environment; without one, the embedded default (SQLite, no broker).

`.env.example` explains every variable. Nothing secret has a default: what is missing is
made once in the data directory (mode 0600) by the embedded default.
"""

import re
import secrets
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from eventworx import secret_files

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
_PORT = re.compile(r":[0-9]+\Z")

DATA_DIR = Path(env("EWX_DATA_DIR", default=str(BASE_DIR / "var" / "default")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_file(name: str) -> str:
    """The secret kept in `name` below the data directory; made at the first start."""
    path = DATA_DIR / name
    secret_files.create_once(path, lambda: secrets.token_urlsafe(48))
    return path.read_text().strip()


# --- this installation -------------------------------------------------------------------
EWX_ORIGIN = env("EWX_ORIGIN", default="http://127.0.0.1:8000").rstrip("/")
EWX_INSTANCE = env("EWX_INSTANCE", default="eventworx")
EWX_DEMO = env.bool("EWX_DEMO", default=False)
_key_file = env("EWX_KEY_FILE", default="")
EWX_KEY_FILE = Path(_key_file or DATA_DIR / "master.keys")
# A ring that an operator names is his to provide: one that is missing must not be replaced by a fresh one unseen.
EWX_KEY_FILE_IS_DEFAULT = not _key_file
EWX_INSTANCE_FILE = Path(env("EWX_INSTANCE_FILE", default="") or EWX_KEY_FILE.parent / "instance.id")
# Operators may name partner origins that are plain http, on another port, or in their own network.
EWX_ALLOWED_PARTNER_ORIGINS = frozenset(env.list("EWX_ALLOWED_PARTNER_ORIGINS", default=[]))
# … or whole networks of theirs in which partners may lie; https on port 443 all the same.
EWX_ALLOWED_PARTNER_NETWORKS = tuple(
    ip_network(network) for network in env.list("EWX_ALLOWED_PARTNER_NETWORKS", default=[])
)
# The proxies before us, as addresses or networks: what they write into X-Forwarded-For is believed.
EWX_TRUSTED_PROXIES = tuple(ip_network(network) for network in env.list("EWX_TRUSTED_PROXIES", default=[]))
EWX_PARTNER_DEADLINE_SECONDS = env.float("EWX_PARTNER_DEADLINE_SECONDS", default=5.0)

DEBUG = env.bool("EWX_DEBUG", default=False)
SECRET_KEY = env("EWX_SECRET_KEY", default="") or _secret_file("secret.key")
ALLOWED_HOSTS = env.list("EWX_ALLOWED_HOSTS", default=[_PORT.sub("", EWX_ORIGIN.rpartition("//")[2]), "localhost"])
CSRF_TRUSTED_ORIGINS = [EWX_ORIGIN]

# --- apps --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "partners",
    "jobs",
    "inventory",
    "eventworx.demo",
    "eventworx.accounts",
    "eventworx.messaging",
    "eventworx.contacts",
    "eventworx.web",
    "eventworx.tenants",
    "eventworx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "rest_framework",
    "drf_spectacular_sidecar",
    "csp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
# The partner gateway comes first: partner requests pass none of what browsers need.
MIDDLEWARE = [
    "partners.api.gateway.PartnerGatewayMiddleware",
    "eventworx.web.middleware.ForwardedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "eventworx.web.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "eventworx.accounts.middleware.SeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "eventworx.web.middleware.PartsMiddleware",
    "csp.middleware.CSPMiddleware",
    "eventworx.tenants.middleware.TenantMiddleware",
    "eventworx.web.middleware.BusinessErrorMiddleware",
]
ROOT_URLCONF = "eventworx.urls"
WSGI_APPLICATION = "eventworx.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "eventworx.web.context.shell",
            ],
        },
    }
]

# --- data --------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
# Whether a pooler lends connections for one transaction each: then nothing may be left on them for the next.
EWX_DATABASE_POOLED = env.bool("EWX_DATABASE_POOLED", default=False)
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    _database["CONN_MAX_AGE"] = env.int("EWX_DATABASE_MAX_AGE", default=600)
    _database["CONN_HEALTH_CHECKS"] = True
    _database["DISABLE_SERVER_SIDE_CURSORS"] = EWX_DATABASE_POOLED
    if not EWX_DATABASE_POOLED:
        # The planner takes a walk that is bound to end soon for a long one, and compiles it: 70 ms for 5 ms of work.
        _options = _database.setdefault("OPTIONS", {})
        _options["options"] = f"-c jit=off -c plan_cache_mode=force_generic_plan {_options.get('options', '')}"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("EWX_REDIS_URL", default="")
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Partners' pictures: each process keeps its own; losing one costs a second, and they push nothing else out.
    "pictures": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pictures",
        "OPTIONS": {"MAX_ENTRIES": 500},
    },
}

# --- background work ---------------------------------------------------------------------
# No broker holds the truth: Celery is doorbell and clock over rows in the database. Without
# a broker `manage.py worker` runs this same table.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Ringing must not keep a click waiting: a broker that is down is tried once more and then left to the sweep.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    "socket_connect_timeout": 2,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "send-due-mails": {"task": "eventworx.messaging.tasks.send_due_mails", "schedule": 1.0},
    "deliver-due": {"task": "partners.tasks.deliver_due", "schedule": 1.0},
    "tell-late": {"task": "partners.tasks.tell_late", "schedule": 60.0},
    "ask-strangers": {"task": "partners.tasks.ask_strangers", "schedule": 60.0},
    "work-on-article-lists": {"task": "inventory.tasks.work_on_article_lists", "schedule": 1.0},
    "chain-journals": {"task": "eventworx.tasks.chain_journals", "schedule": 5.0},
    "forget-sessions": {"task": "eventworx.accounts.tasks.forget_sessions", "schedule": 3600.0},
    "tell-free": {"task": "jobs.tasks.tell_free", "schedule": 300.0},
    "sweep-holds": {"task": "jobs.tasks.sweep_holds", "schedule": 3600.0},
    "sweep": {"task": "partners.tasks.sweep", "schedule": 600.0},
}

# --- people ------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
ACCOUNT_ADAPTER = "eventworx.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from us
ACCOUNT_FORMS = {
    "login": "eventworx.accounts.forms.PasswordForm",
    "change_password": "eventworx.accounts.forms.NewPasswordForm",
    "reset_password": "eventworx.accounts.forms.PasswordMailForm",
    "reset_password_from_key": "eventworx.accounts.forms.PasswordByMailForm",
}
# Counted by eventworx.accounts.attempts instead: for all processes together, and also while Redis is away.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "eventworx.accounts.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "eventworx.accounts.forms.LoginCodeForm",
    "reauthenticate": "eventworx.accounts.forms.ProofForm",
    "activate_totp": "eventworx.accounts.forms.SetUpForm",
}
MFA_TOTP_ISSUER = f"Eventworx {EWX_ORIGIN.rpartition('//')[2]}"
MFA_TOTP_TOLERANCE = 1  # 30 seconds, for clocks that are a little off
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody signs up: the password was set by a mail to this very address
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# Cookies are shared by all ports of a host: two instances on one machine need names of their own.
# "__Host-" keeps subdomains from setting them for us.
_https = EWX_ORIGIN.startswith("https://")
_host_only = "__Host-" if _https else ""
SESSION_COOKIE_NAME = f"{_host_only}{EWX_INSTANCE}_session"
CSRF_COOKIE_NAME = f"{_host_only}{EWX_INSTANCE}_csrf"
LANGUAGE_COOKIE_NAME = f"{EWX_INSTANCE}_language"
LANGUAGE_CHOSEN_COOKIE_NAME = f"{EWX_INSTANCE}_language_chosen"  # before the login, and for a while
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds since it was used last
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # links in mails lead straight to the page
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True

# --- transport security ------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = env.int("EWX_HSTS_SECONDS", default=31_536_000 if _https else 0)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Redirects to https, subdomains and preload lists belong to the operator's proxy and domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
if env.bool("EWX_BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- mail --------------------------------------------------------------------------------
EWX_MAIL_DIR = env("EWX_MAIL_DIR", default="")
if EWX_MAIL_DIR:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = EWX_MAIL_DIR
else:
    vars().update(env.email_url("EMAIL_URL", default="smtp://127.0.0.1:25"))
    EMAIL_BACKEND = env("EMAIL_BACKEND", default=vars()["EMAIL_BACKEND"])
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("EWX_MAIL_FROM", default="noreply@localhost")
ANYMAIL = env.dict("ANYMAIL", default={})

# --- language and time -------------------------------------------------------------------
LANGUAGE_CODE = "de"
LANGUAGES = [("de", _("German")), ("en", _("English"))]
USE_TZ = True
TIME_ZONE = "Europe/Berlin"
USE_THOUSAND_SEPARATOR = True

# --- files -------------------------------------------------------------------------------
STATIC_URL = "static/"
# Gathered once for production: hashed names, served from there. Otherwise straight from the sources.
_static = BASE_DIR / "staticfiles"
_gathered = _static.exists() or "collectstatic" in sys.argv
STATIC_ROOT = _static if _gathered else None
WHITENOISE_USE_FINDERS = not _gathered
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _gathered
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- the partner API ---------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["partners.api.authentication.IsAuthenticatedPartner"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}

# --- errors and logs --------------------------------------------------------------------------------
DEFAULT_EXCEPTION_REPORTER_FILTER = "eventworx.web.error_reports.NothingSecretFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("EWX_LOG_LEVEL", default="INFO")},
}
