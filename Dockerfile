# docker build -t unrolled .                               torch for the CPU
# docker build -t unrolled --build-arg TORCH_INDEX= .      torch with CUDA; then: docker run --gpus all ...
# docker run --rm -p 127.0.0.1:8000:8000 unrolled
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/unrolled

# The packages first: they change less often than the code.
COPY pyproject.toml constraints.txt README.md ./
COPY app/__init__.py app/__init__.py
RUN python -m pip install ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -c constraints.txt -e ".[minilm]"

COPY app app
COPY static static
COPY templates templates

RUN useradd --create-home --uid 10001 unrolled
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# In the container every address is listened on; -p decides who outside can reach it. People open it as localhost.
CMD ["python", "-m", "app", "serve", "--host", "0.0.0.0", "--port", "8000"]
