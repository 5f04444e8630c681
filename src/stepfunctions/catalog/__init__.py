"""What AWS offers, as data: Regions and partitions, service integrations, quotas."""
