"""What people see of a task, and what their answers mean."""
