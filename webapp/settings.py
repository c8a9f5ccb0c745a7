"""Settings. Everything that differs between machines comes from the environment."""

from pathlib import Path

from django.contrib.messages import constants as messages
from environs import Env

from webapp import config

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = env.path("KARDIA_VAR", BASE_DIR / "var")
DEMO = env.bool("KARDIA_DEMO", False)
DEBUG = False

SECRET_KEY = config.secret_key(var=VAR_DIR, demo=DEMO)
FIELD_KEYS = config.field_keys(var=VAR_DIR, demo=DEMO)
ALLOWED_HOSTS = env.list("KARDIA_HOSTS", ["127.0.0.1", "localhost", "[::1]"] if DEMO else [])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("KARDIA_ORIGINS", [])
HTTPS = env.bool("KARDIA_HTTPS", not DEMO)

INSTALLED_APPS = [
    "webapp.accounts",
    "webapp.audit",
    "webapp.runs",
    "webapp.threads",
    "webapp.files",
    "webapp.llm",
    "rubrics",
    "annotation",
    "training",
    "webapp.home",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "pgtrigger",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.requests.RefuseNulMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webapp.accounts.middleware.NoStoreMiddleware",
    "webapp.accounts.middleware.SessionSeenMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.audit.middleware.RequestContextMiddleware",
    "webapp.accounts.middleware.TimeZoneMiddleware",
]

ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
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
                "webapp.home.context.shell",
            ],
            "builtins": ["webapp.ui", "webapp.components"],
        },
    }
]

# Data
DATABASES = {"default": config.database(env.str("DATABASE_URL"))}
# As whom `migrate` connects: the role that owns the tables, where that is another one.
OWNER_DATABASE = config.owner_database(env.str("DATABASE_OWNER_URL", ""))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}
CHANNEL_LAYERS = {
    "default": {
        # The pub/sub layer keeps idle sockets and survives a restart of the server.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
STORAGES = {
    "default": {
        "BACKEND": "webapp.files.storage.WholeFileStorage",
        "OPTIONS": {
            "location": VAR_DIR / "files",
            "directory_permissions_mode": 0o700,
            "file_permissions_mode": 0o600,
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# The largest request of somebody who is not signed in, and of somebody who is.
ANONYMOUS_BODY_BYTES = 64 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# Files on their way: on the disk where they are kept, so that one check of its space holds.
FILE_UPLOAD_TEMP_DIR = config.spool(VAR_DIR)
UPLOAD_LIMIT_BYTES = env.int("KARDIA_UPLOAD_LIMIT_MB", 1024) * 1024 * 1024
DISK_RESERVE_BYTES = env.int("KARDIA_DISK_RESERVE_MB", 512) * 1024 * 1024

# Work
CELERY_BROKER_URL = config.celery_broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A process that took more for a task, such as a fit, is replaced after it (in KiB).
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Apart from all work: a long import does not delay the help for silent workers.
    "runs.reap": {"queue": "reaper"},
    # A person waits for it: it does not queue behind runs.
    "llm.test_endpoint": {"queue": "tests"},
    "annotation.work_on_generation": {"queue": "llm"},
    "annotation.work_on_difficulty": {"queue": "llm"},
    "annotation.work_on_judging": {"queue": "llm"},
    "annotation.work_on_battery": {"queue": "llm"},
    "annotation.work_on_impact": {"queue": "llm"},
    "annotation.work_on_suggestions": {"queue": "llm"},
    "training.work_on_training": {"queue": "gpu"},
    "training.work_on_evaluation": {"queue": "llm"},
}
# A run whose worker has not been heard for this long is given to another one.
RUN_LEASE_S = env.float("KARDIA_RUN_LEASE_S", 15.0)
CELERY_BEAT_SCHEDULE = {
    "reap-runs": {
        "task": "runs.reap",
        "schedule": max(1.0, RUN_LEASE_S / 3),
        "options": {"expires": RUN_LEASE_S},
    },
    "remove-old-exports": {
        "task": "annotation.remove_old_exports",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "purge-projects": {
        "task": "accounts.purge_projects",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
}
if DEMO:
    CELERY_BEAT_SCHEDULE["go-on-with-demo"] = {
        "task": "home.go_on_with_demo",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    }
# How many runs of one project may wait or work at a time.
RUNS_PER_PROJECT = env.int("KARDIA_RUNS_PER_PROJECT", 50)

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "webapp.accounts.adapter.ClosedSignup"
ACCOUNT_FORMS = {
    "change_password": "webapp.accounts.password_forms.ChangePassword",
    "reset_password_from_key": "webapp.accounts.password_forms.SetPassword",
}
MFA_ADAPTER = "webapp.accounts.adapter.EncryptedFactors"
MFA_TOTP_ISSUER = "Kardia Studio"
# An address comes from an invitation and is not changed by its owner: nobody claims another's.
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# The key is the account and the address (webapp.accounts.adapter).
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,5/5m/key", "reset_password": "5/m/ip"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
EMAIL_BACKEND = env.str("KARDIA_EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
INVITATION_DAYS = 14

# Safety
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
# Whose X-Forwarded-For and X-Forwarded-Proto are believed (webapp.asgi).
TRUSTED_PROXIES = config.proxies(env.list("KARDIA_PROXIES", []))
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
# Model endpoints on this machine itself are reached in demo mode or when named here.
LLM_ALLOWED_HOSTS: list[str] = env.list("KARDIA_LLM_HOSTS", [])
LLM_ALLOW_LOOPBACK = env.bool("KARDIA_LLM_LOOPBACK", DEMO)
LOCAL_MODEL_URL = env.str("KARDIA_LOCAL_MODEL_URL", "http://127.0.0.1:8001/v1")
# Folders of the server below which leads may register models, and where models are downloaded from.
MODEL_ROOTS: list[str] = env.list("KARDIA_MODEL_ROOTS", [])
HUB_URL = env.str("KARDIA_HUB_URL", "https://huggingface.co").rstrip("/")

# Words and places
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
# Templates say numbers through `|number`; a separator in an attribute would break it.
USE_THOUSAND_SEPARATOR = False
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# The kinds of a notice.
MESSAGE_TAGS = {
    messages.DEBUG: "pass",
    messages.INFO: "pass",
    messages.SUCCESS: "pass",
    messages.WARNING: "warn",
    messages.ERROR: "fail",
}

# Programs
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webapp.accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "webapp.accounts.tokens.TokenScope",
    ],
    "DEFAULT_PARSER_CLASSES": ["webapp.accounts.parsing.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "webapp.accounts.paging.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webapp.accounts.problems.problem_details",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("KARDIA_API_RATE", "600/min")},
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kardia Studio",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webapp.accounts.problems.describe_problems",
    ],
    "GET_LIB_DOC_EXCLUDES": "webapp.api.classes_without_description",
    "ENUM_NAME_OVERRIDES": {
        "RunStatus": "webapp.runs.models.Status",
        "ExportFormat": "annotation.exports.limits.FORMATS",
        "PlaceState": "annotation.models.PairJudgement.State",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # A line for each request to a model says nothing that its ModelCall does not.
    "loggers": {"httpx2": {"level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": env.str("KARDIA_LOG_LEVEL", "INFO")},
}
