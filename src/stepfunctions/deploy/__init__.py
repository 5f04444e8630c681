"""Infrastructure of a workflow: CloudFormation templates, IAM policies, assets and environments."""
