"""The operations of the Step Functions API: one module an aggregate, one function an operation."""
