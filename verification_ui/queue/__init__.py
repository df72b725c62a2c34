"""The queue: tasks in, answers out, nothing lost or asked twice."""
