"""What people do. Each change and its line in the activity log are one transaction; calls to providers are left to
tasks."""
