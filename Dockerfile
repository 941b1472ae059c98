# One image for every role: the API by default; the others name their command, as docker-compose.yml shows.
FROM python:3.12-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/base.txt
RUN /opt/venv/bin/pip install --no-deps --only-binary=:all: --require-hashes --requirement /tmp/base.txt \
    && /opt/venv/bin/pip check

FROM python:3.12-slim-trixie
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    ENVIRONMENT=production \
    DATA_DIR=/tmp/puppies
RUN groupadd --system --gid 10001 puppies \
    && useradd --system --uid 10001 --gid puppies --no-create-home --shell /usr/sbin/nologin puppies \
    && install --directory --owner=puppies --group=puppies --mode=0700 /keys
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
RUN python -m compileall -q /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# The same words as config/stack/programs.py; a shell only to read WEB_WORKERS and WEB_CONNECTIONS, and gone before the first request.
CMD ["sh", "-c", "exec granian --interface=wsgi --host=0.0.0.0 --port=8000 --workers=${WEB_WORKERS:-2} --blocking-threads=1 --backlog=1024 --backpressure=${WEB_CONNECTIONS:-256} --workers-kill-timeout=1 --respawn-interval=0.5 --respawn-failed-workers --no-ws config.wsgi:application"]
