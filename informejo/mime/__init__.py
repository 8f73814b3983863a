"""Reading raw mails: what their bytes say, who wrote what in them, and what is quoted. Pure: no database, no Flask."""
