"""Commands beside servers, on terminals and under signals run as processes.

Others run in this process.
"""

from tests.support.command_line import lyftr_in_process
from tests.support.databases import new_url
from tests.support.migrated import new_databases_from_a_template

__all__ = ["lyftr_in_process", "new_databases_from_a_template", "new_url"]
