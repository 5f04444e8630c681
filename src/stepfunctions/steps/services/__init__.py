"""Steps of AWS services: the optimised integrations, any other API, and those that wait for somebody."""
