"""What gunicorn and the `flask` command load: `gunicorn -c gunicorn.conf.py app:app`, `flask --app app ...`."""

from informejo import create_app

app = create_app()
