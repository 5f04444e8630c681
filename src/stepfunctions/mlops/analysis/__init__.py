"""What tells whether data have drifted: profiles, measures, a report. It also runs alone, as a processing job.

The modules of this package need Python 3.8, numpy, pandas, scipy and boto3: what SageMaker's scikit-learn images have.
"""
