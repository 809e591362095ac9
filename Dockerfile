# Two stages: what builds stays behind; what runs has no compiler, no tests and no root.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --require-hashes --no-deps -r requirements/base.txt
COPY manage.py ./
COPY tools tools
COPY templates templates
COPY eventworx eventworx
COPY inventory inventory
COPY jobs jobs
COPY partners partners
RUN python -m tools.catalogues compile && rm -r tools
RUN EWX_DATA_DIR=/tmp/build EWX_SECRET_KEY=build python manage.py collectstatic --noinput

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 EWX_DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data eventworx && install -d -m 0700 -o eventworx /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER eventworx
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "8", "--http", "1", "--no-ws", "--http1-header-read-timeout", "10000", "--http1-buffer-size", "65536", "eventworx.wsgi:application"]
