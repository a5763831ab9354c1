"""What people do. Each change and its line in the activity log are one transaction; the work itself is a task."""
