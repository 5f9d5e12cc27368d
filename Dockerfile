# The practice in one image; docker-compose.yml runs it as web server, worker and timetable.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 10001 practice && install -d -o practice -g practice -m 700 /data

WORKDIR /app
COPY requirements.txt ./
RUN pip install --require-hashes -r requirements.txt

COPY . .
# Collected once, at build; the two keys are used for nothing else.
ENV STATIC_ROOT=/app/staticfiles
RUN SECRET_KEY=only-while-the-image-is-being-built-0000 CHAIN_KEY=only-while-the-image-is-being-built-0000 \
    python manage.py collectstatic --no-input --verbosity 0

USER practice
ENV DATA_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"]
