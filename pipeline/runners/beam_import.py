"""Import this before Beam, and a worker does without packages that Beam would import and nothing here uses.

Beam imports pandas where it is installed (label-studio-sdk brings it) and does without where it is not, and it takes
every worker 40 MB and a third of a second. So it is with MongoDB, BigQuery and S3, a tenth of a second each.
Whoever needs one of them imports it afterwards; for S3 that is :mod:`pipeline.runs.stores`.
"""

from __future__ import annotations

import logging

import pipeline.runs.arrow_import  # noqa: F401
from stages.blocked_imports import blocking_imports

logging.disable(logging.WARNING)  # Beam misses the libraries of a cloud that nobody asked for
with blocking_imports("pandas", "pymongo", "apache_beam.io.gcp.bigquery", "apache_beam.io.aws.s3filesystem"):
    import apache_beam  # noqa: F401
logging.disable(logging.NOTSET)
