"""CloudFormation of the local cloud: stacks of resources, each made by the handler of its type."""
