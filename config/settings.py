"""How the machine is set up. Safe by default: what is not said in the environment is the production choice."""

from datetime import timedelta
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.broker import socket_path
from config.env import BASE_DIR, env, json_object, network_address, own_url, secret, whole_number

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
SECRET_KEY = secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
CHAIN_KEY = secret("CHAIN_KEY")  # HMAC key of the signed-session chain; kept outside the database

DATA_DIR = BASE_DIR / env.str("DATA_DIR", default="var")
# How far that chain had come, hour by hour; kept outside the database as well. Demo and real practice never share it.
CHAIN_ANCHORS = BASE_DIR / env.str(
    "CHAIN_ANCHORS", default=str(DATA_DIR / ("demo-anchors.jsonl" if DEMO else "chain-anchors.jsonl"))
)
HOST, PORT = network_address()
SITE_URL = env.str("SITE_URL", default="").rstrip("/") or own_url(HOST, PORT)
if urlsplit(SITE_URL).scheme not in {"http", "https"} or not urlsplit(SITE_URL).hostname:
    raise ImproperlyConfigured("SITE_URL must look like https://practice.example.")
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(SITE_URL).hostname, "127.0.0.1", "localhost"])
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; '*' is refused.")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "anatomy",
    "practice",
    "clients",
    "protocols",
    "booking",
    "sessions",
    "referrals",
    "reminders",
    "workspace",
    "config",
]

MIDDLEWARE = [
    "practice.middleware.request_id",
    "practice.middleware.private_pages",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "practice.middleware.reject_bad_input",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "practice.middleware.declared_access",
    "practice.middleware.practice_context",
    "practice.middleware.idle_lock",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
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
                "practice.context.practice",
                "workspace.demo.context.demo_sign_ins",
            ],
            "builtins": ["django.templatetags.static"],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- database: SQLite in DATA_DIR unless DATABASE_URL says PostgreSQL. Demo and real practice never share a file.
_sqlite = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": str(DATA_DIR / ("demo.sqlite3" if DEMO else "practice.sqlite3")),
}
DATABASES = {"default": env.db("DATABASE_URL") if env.str("DATABASE_URL", default="") else _sqlite}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database.setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;",
    )
    _database["CONN_MAX_AGE"] = 600  # opening the file anew for each request costs ten times what a query does
else:
    _database.setdefault("OPTIONS", {}).update(
        options="-c lock_timeout=3000 -c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000",
        pool={"min_size": 1, "max_size": env.int("DATABASE_POOL", default=8), "timeout": 10},
    )
    _database["CONN_MAX_AGE"] = 0  # the pool keeps the connections
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {
            "MAX_ENTRIES": 50_000
        },  # limits of sign-in and booking are kept here: a flood must not push them out
    }
}

# --- people and sign-in
AUTH_USER_MODEL = "practice.User"
AUTHENTICATION_BACKENDS = ["practice.accounts.SignIn"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "practice.accounts.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "5/5m/key,60/5m/ip"}
PASSWORD_RESET_TIMEOUT = 3600
PASSWORD_HASHERS = ["practice.hashers.SmallArgon2", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- transport, cookies, headers
SESSION_ENGINE = "practice.browser_session"  # in the database: pages must work while Redis is away
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_FAILURE_VIEW = "practice.errors_views.csrf_failure"
TLS_PROXY = env.bool("TLS_PROXY", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TLS_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TLS_PROXY else 0  # else one sign-in limit for all behind the proxy
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer would make Chromium send Origin: null and fail the CSRF check
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's own icons inside its stylesheet are data: images
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # a full chart has about 600
DATA_UPLOAD_MAX_NUMBER_FILES = 10

# --- words and places
LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # the practice's own zone is activated per request
PHONENUMBER_DEFAULT_REGION = env.str(
    "PHONE_REGION", default="US"
)  # until the practice has a number: practice/phones.py
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(DATA_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

# --- mail: the demo keeps every mail in its mailbox page unless a server is named
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="practice@localhost")
MAILBOX_DIR = DATA_DIR / "mail"
EMAIL_TIMEOUT = 20
EMAIL_PER_MINUTE = whole_number(
    "EMAIL_PER_MINUTE", default=60, least=0, most=60_000
)  # over all workers; 0: as fast as the server takes them
BOOKING_MAIL_HOLD = timedelta(seconds=env.int("BOOKING_MAIL_HOLD", default=180))
# A provider's web service by django-anymail, named like "postmark"; its keys are ANYMAIL's, as JSON.
EMAIL_PROVIDER = env.str("EMAIL_PROVIDER", default="")
ANYMAIL = {"REQUESTS_TIMEOUT": EMAIL_TIMEOUT, **json_object("ANYMAIL")}
MAIL_IS_SET_UP = DEMO or bool(env.str("EMAIL_URL", default="") or EMAIL_PROVIDER)
if env.str("EMAIL_URL", default=""):
    _mail = env.email_url("EMAIL_URL")
    EMAIL_BACKEND = _mail.pop("EMAIL_BACKEND")
    vars().update({name: value for name, value in _mail.items() if name.startswith("EMAIL_")})
elif EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
elif DEMO:
    EMAIL_BACKEND = "reminders.mailbox.DemoMailbox"
else:
    EMAIL_BACKEND = "reminders.mailbox.NoMailServer"

# --- Celery: JSON only, ids only, no results; the outbox table is the record
BROKER_URL = env.str("BROKER_URL", default=f"redis+socket://{socket_path(DATA_DIR)}")

# --- logs: one JSON line per record, ids only
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "practice.logs.JsonLines"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        "django.server": {"handlers": ["console"], "propagate": False, "level": "WARNING"},
        "django.request": {"handlers": ["console"], "propagate": False, "level": "ERROR"},
    },
}
