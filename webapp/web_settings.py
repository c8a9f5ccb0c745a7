"""The settings of the web (webapp.asgi): those of every process, and an end to queries that hang.

Workers and commands of `manage.py` have no such limit: a deletion or a migration may take long.
"""

from webapp import config
from webapp.settings import *  # noqa: F403
from webapp.settings import DATABASES, env

# After so many seconds PostgreSQL stops a query of a page or of the API; 0 lets it run for ever.
STATEMENT_TIMEOUT_S = env.int("KARDIA_STATEMENT_TIMEOUT_S", 30)
DATABASES = {"default": config.limit_statements(DATABASES["default"], STATEMENT_TIMEOUT_S)}
