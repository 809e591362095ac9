"""The WSGI application that granian (or any other server) runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventworx.settings")
application = get_wsgi_application()
gc.freeze()  # what stays for good is not looked at again by every search for garbage, in the middle of a request
