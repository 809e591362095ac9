"""What we use of allauth: log in and out, password, second factor. Nothing else of it answers.

The names are those that allauth leads to.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from django.urls import path, re_path
from django.views.decorators.cache import never_cache

from eventworx.accounts import views
from eventworx.accounts.attempts import (
    CHANGES_BY_USER,
    LINKS_FROM_ADDRESS,
    RESETS_FROM_ADDRESS,
    RESETS_OF_ACCOUNT,
    limited,
    network,
    posted_email,
    user_id,
)

limited_mails = limited((RESETS_FROM_ADDRESS, network), (RESETS_OF_ACCOUNT, posted_email))
limited_links = limited((LINKS_FROM_ADDRESS, network))
limited_changes = limited((CHANGES_BY_USER, user_id))

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("login/second-factor/", views.LoginCode.as_view(), name="mfa_authenticate"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("reauthenticate/second-factor/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("password/change/", limited_changes(views.PasswordChange.as_view()), name="account_change_password"),
    path("password/reset/", limited_mails(account.password_reset), name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        limited_links(views.PasswordByMail.as_view()),
        name="account_reset_password_from_key",
    ),
    path("password/reset/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    path("second-factor/", never_cache(views.Overview.as_view()), name="mfa_index"),
    path("second-factor/set-up/", never_cache(views.SetUp.as_view()), name="mfa_activate_totp"),
    path("second-factor/remove/", views.Removal.as_view(), name="mfa_deactivate_totp"),
    path("second-factor/codes/", never_cache(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("second-factor/codes/new/", views.NewRecoveryCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("second-factor/codes/download/", codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("sessions/", views.sessions, name="account_sessions"),
    path("sessions/<int:pk>/end/", views.session_end, name="account_session_end"),
    path("sessions/end-others/", views.sessions_end_others, name="account_sessions_end_others"),
]
