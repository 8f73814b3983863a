"""gunicorn as it is by itself, with one sync worker; it only leaves no socket behind."""

control_socket_disable = True
