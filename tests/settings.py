"""The product's settings in a data directory that ends with the test run.

Only what makes tests fast or repeatable differs; DATABASE_URL chooses the database. The environment is left
as it was: instances that a test starts are to read the product's own settings from their own."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="eventworx-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
_before = os.environ.copy()
for _name in _before:
    if _name.startswith(("EWX_", "EMAIL_")):
        del os.environ[_name]
os.environ |= {"EWX_DATA_DIR": _data, "EWX_SECRET_KEY": "only-for-tests", "EWX_ORIGIN": "http://testserver"}

from eventworx.settings import *  # noqa: E402, F403

os.environ.clear()
# Playwright's synchronous interface runs an event loop in the test's own thread.
os.environ |= _before | {"DJANGO_ALLOW_ASYNC_UNSAFE": "1"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files are looked for when they are asked for: else each new test client reads the list of all of them first.
WHITENOISE_AUTOREFRESH = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in the product: threads meet its real locks, not those of a database in memory.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/tests.sqlite3"}  # noqa: F405
