# docker build -t lane-audit . && docker run -p 8501:8501 -v lane:/data lane-audit
# With a GPU: the same image, `docker run --gpus all ...` (torch's default build for Linux carries CUDA).
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 lane && install -d -o lane /data
WORKDIR /app
COPY requirements.txt .
# PIP_ARGS may name another index, for instance one that serves torch's smaller CPU build.
ARG PIP_ARGS=""
RUN pip install --no-cache-dir ${PIP_ARGS} --requirement requirements.txt
COPY . .

USER lane
ENV LANE_HOME=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --start-period=60s --timeout=5s \
    CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"
CMD ["python", "-m", "lane_core", "app", "--address", "0.0.0.0"]
