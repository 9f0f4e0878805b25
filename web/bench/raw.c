/* The limit to measure against: one write() of the same bytes to each viewer, and no more of Socket.IO than a
 * viewer needs to come in. Not a server: it believes every client. Built and started by servers.py: raw PORT TICK-MS */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { VIEWERS = 65536, BATCH = 1 << 19 };

static const char SWITCH[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char HELLO[] = "0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
                            "\"maxPayload\":1000000}";
static char shaken[VIEWERS], batch[BATCH], frame[BATCH + 16];
static int viewers[VIEWERS], count;
static size_t batched;

static size_t wrap(const char *text, size_t size) {
  size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
  frame[0] = (char)0x81;
  frame[1] = (char)(size < 126 ? size : size < 65536 ? 126 : 127);
  for (size_t i = 2; i < head; i++) frame[i] = (char)(size >> 8 * (head - 1 - i));
  memcpy(frame + head, text, size);
  return head + size;
}

static void put(int fd, const char *bytes, size_t size) {
  if (write(fd, bytes, size) != (ssize_t)size) fprintf(stderr, "a viewer is too slow\n");
}

static void send_text(int fd, const char *text) { put(fd, frame, wrap(text, strlen(text))); }

static void send_all(const char *text, size_t size) {
  size_t whole = wrap(text, size);
  for (int i = 0; i < count; i++) put(viewers[i], frame, whole);
}

/* 42["c",{...}]: at once, or into the batch 42["c",[{...},{...}]] */
static void said(const char *text, size_t size, int tick) {
  if (!tick) {
    send_all(text, size);
    return;
  }
  if (batched + size + 8 > BATCH) return;
  if (!batched) batched = (size_t)sprintf(batch, "42[\"c\",[");
  else batch[batched++] = ',';
  memcpy(batch + batched, text + 7, size - 8);
  batched += size - 8;
}

static void take(int fd, unsigned char *data, size_t size, int tick) {
  size_t at = 0;
  while (at + 6 <= size) {
    size_t length = data[at + 1] & 127, head = 2;
    if (length == 126) length = (size_t)data[at + 2] << 8 | data[at + 3], head = 4;
    unsigned char *mask = data + at + head, *text = mask + 4;
    if (at + head + 4 + length > size) break;
    for (size_t i = 0; i < length; i++) text[i] ^= mask[i & 3];
    if (length >= 2 && text[0] == '4' && text[1] == '0') {
      send_text(fd, "40{\"sid\":\"y\"}");
      viewers[count++] = fd;
    } else if (length > 8 && text[0] == '4' && text[1] == '2') {
      said((char *)text, length, tick);
    }
    at += head + 4 + length;
  }
}

static void forget(int fd) {
  for (int i = 0; i < count; i++)
    if (viewers[i] == fd) viewers[i--] = viewers[--count];
  close(fd);
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  int tick = argc > 2 ? atoi(argv[2]) : 0, one = 1, listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 2048)) return 1;
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listening}, events[256];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
  static unsigned char data[65536];
  for (double due = milliseconds() + tick;;) {
    int ready = epoll_wait(epoll, events, 256, batched ? 5 : tick ? tick : -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listening) {
        while ((fd = accept4(listening, 0, 0, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          shaken[fd] = 0;
          event.data.fd = fd;
          epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      ssize_t size = read(fd, data, sizeof data);
      if (size <= 0) forget(fd);
      else if (!shaken[fd]) {
        shaken[fd] = 1;
        put(fd, SWITCH, sizeof SWITCH - 1);
        send_text(fd, HELLO);
      } else take(fd, data, (size_t)size, tick);
    }
    if (tick && milliseconds() >= due) {
      due = milliseconds() + tick;
      if (batched) {
        memcpy(batch + batched, "]]", 2);
        send_all(batch, batched + 2);
        batched = 0;
      }
    }
  }
}
