"""EventBridge Scheduler of the local cloud: schedules and their groups in one SQLite file.

API reference: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""
