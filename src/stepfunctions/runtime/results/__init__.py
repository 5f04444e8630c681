"""The results of a Distributed Map: as the state's result, or exported to S3."""
