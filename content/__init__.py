"""Posts, approvals, deliveries, jobs, goals, people, and the ports that platforms and sources implement."""
