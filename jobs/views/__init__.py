"""Pages of jobs. The job page is composed: the partner search and the orders come by URL."""
