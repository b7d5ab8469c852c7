# One image for every service of docker-compose.yml: the command says which.
FROM python:3.11.14-slim-bookworm

# LightGBM needs OpenMP's runtime, which the slim image leaves out.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*

# As warehouse/environment.py sets it; here for health checks too, which start no command of ours.
ENV DO_NOT_TRACK=true \
    DAGSTER_DISABLE_TELEMETRY=yes \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=false \
    MLFLOW_DISABLE_TELEMETRY=true \
    RUNTIME__DLTHUB_TELEMETRY=false \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    TENURE_HOME=/var/lib/tenure \
    DAGSTER_HOME=/var/lib/tenure/dagster

WORKDIR /app

# The packages first: they change less often than the code, and take minutes.
COPY requirements.lock ./
RUN python -m pip install --require-hashes --no-deps -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY .streamlit .streamlit
COPY dashboards dashboards
COPY dbt_project dbt_project
COPY expectations expectations
COPY ml ml
COPY orchestration orchestration
COPY simulator simulator
COPY sources sources
COPY warehouse warehouse
# Byte code is compiled here: nobody can write it later, and importing takes 3.4 s, not 9.3 s.
RUN python -m pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q /app

RUN useradd --system --uid 10001 --home-dir /var/lib/tenure tenure \
    && mkdir -p /var/lib/tenure \
    && chown tenure:tenure /var/lib/tenure
USER tenure
VOLUME /var/lib/tenure

ENTRYPOINT ["tenure"]
CMD ["--help"]
