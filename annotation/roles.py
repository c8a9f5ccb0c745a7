"""Which roles read and start what, where several features agree."""

from webapp.accounts.models import Role

# Who reads the corpus, its imports and its sets; who adds to it.
DATA_READERS = (Role.CLINICIAN, Role.LEAD)
DATA_WRITERS = (Role.LEAD,)
# Who starts generations, fits and judge runs; who reads what judges gave.
RUN_STARTERS = (Role.LEAD,)
JUDGING_READERS = (Role.CLINICIAN, Role.LEAD)
# Who opens what models were asked; what they are still blind to is not there for them.
CALL_READERS = (Role.CLINICIAN, Role.LEAD)
