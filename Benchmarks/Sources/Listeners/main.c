// Thousands of WebSocket clients that only listen, in one thread of few cycles, so that what is measured is the server.
//
//   Listeners PORT PATH CLIENTS HELLO [HEADER...]
//
// Opens CLIENTS connections to 127.0.0.1 (from several addresses of the loopback network, each of which has ports of its
// own), upgrades each with the given header lines, sends the text HELLO (unless empty), and counts a client as ready with
// its first frame. Then prints "ready N" and does what standard input says, until that ends:
//
//   forget         frames are counted from here on
//   report FILE    writes one record of 16 bytes for every frame since: its number on its connection and the nanosecond
//                  of the monotonic clock it was read at, both unsigned 64-bit; prints "deliveries N lost M"
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { handshakes_at_a_time = 128, clients_of_an_address = 5000, most_arrivals = 8 << 20 };
enum phase { unused, connecting, upgrading, greeting, listening, lost };

struct client {
    int socket;
    enum phase phase;
    uint64_t frames;           // since the last "forget"
    uint64_t payload_left;     // bytes of the frame under way
    unsigned char head[14];    // of the frame under way, as far as it has come; while upgrading the last four bytes
    unsigned char head_length;
    unsigned char opcode;
    unsigned char ping[125];   // what a ping carries and its pong must bring back
    unsigned char ping_length;
};
struct arrival { uint64_t number, nanoseconds; };

static struct client *clients;
static struct arrival *arrivals;
static size_t arrival_count;
static int count, opened, shaking, ready, lost_count, poller, port;
static char upgrade[16384], *hello;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void lose(struct client *client) {
    if (client->phase != listening) shaking--;
    else ready--;
    client->phase = lost;
    lost_count++;
    close(client->socket);
}

static void open_one(void) {
    struct client *client = &clients[opened];
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->socket < 0) fail("socket");
    int on = 1;
    setsockopt(client->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(opened / clients_of_an_address));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(client->socket, (struct sockaddr *)&from, sizeof from) != 0) fail("bind");
    if (connect(client->socket, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) fail("connect");
    client->phase = connecting;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = (uint32_t)opened};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, client->socket, &event) != 0) fail("epoll_ctl");
    opened++;
    shaking++;
}

// A client's frame: final and masked, with a mask of zeros. What is sent is short and the socket's buffer empty.
static void send_frame(struct client *client, unsigned char opcode, const void *payload, size_t length) {
    unsigned char frame[4096 + 8] = {(unsigned char)(0x80 | opcode)};
    size_t head = 2;
    if (length > 4096) length = 4096;
    if (length < 126) frame[1] = (unsigned char)(0x80 | length);
    else {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(length >> 8);
        frame[3] = (unsigned char)length;
        head = 4;
    }
    memcpy(frame + head + 4, payload, length);
    if (send(client->socket, frame, head + 4 + length, MSG_NOSIGNAL) != (ssize_t)(head + 4 + length)) lose(client);
}

static void frame_ended(struct client *client, uint64_t at) {
    switch (client->opcode) {
    case 1:
    case 2:
        if (client->phase == greeting) {
            client->phase = listening;
            shaking--;
            ready++;
        } else if (client->phase == listening) {
            if (arrival_count < most_arrivals) arrivals[arrival_count++] = (struct arrival){client->frames, at};
            client->frames++;
        }
        break;
    case 8: lose(client); break;
    case 9: send_frame(client, 10, client->ping, client->ping_length); break;
    default: break;
    }
}

// The length of a frame's head, as far as can be said from what is there.
static size_t head_length(const struct client *client) {
    if (client->head_length < 2) return 2;
    unsigned length = client->head[1] & 0x7f;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static void take(struct client *client, const unsigned char *bytes, size_t length, uint64_t at) {
    while (length > 0 && client->phase != lost) {
        if (client->phase == upgrading) {
            memmove(client->head, client->head + 1, 3);
            client->head[3] = *bytes++;
            length--;
            if (memcmp(client->head, "\r\n\r\n", 4) == 0) {
                client->phase = greeting;
                client->head_length = 0;
                if (*hello) send_frame(client, 1, hello, strlen(hello));
            }
            continue;
        }
        if (client->payload_left == 0) {
            client->head[client->head_length++] = *bytes++;
            length--;
            if (client->head_length < head_length(client)) continue;
            uint64_t payload = client->head[1] & 0x7f;
            if (client->head_length > 2) {
                payload = 0;
                for (int i = 2; i < client->head_length; i++) payload = payload << 8 | client->head[i];
            }
            client->opcode = client->head[0] & 0x0f;
            client->head_length = 0;
            client->ping_length = 0;
            client->payload_left = payload;
        }
        size_t part = length < client->payload_left ? length : (size_t)client->payload_left;
        if (client->opcode == 9 && client->ping_length + part <= sizeof client->ping) {
            memcpy(client->ping + client->ping_length, bytes, part);
            client->ping_length += (unsigned char)part;
        }
        bytes += part;
        length -= part;
        client->payload_left -= part;
        if (client->payload_left == 0) frame_ended(client, at);
    }
}

static void happened(struct client *client, uint32_t events) {
    static unsigned char buffer[256 * 1024];
    if (client->phase == connecting && events & EPOLLOUT) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(client->socket, SOL_SOCKET, SO_ERROR, &error, &size);
        size_t length = strlen(upgrade);
        if (error != 0 || send(client->socket, upgrade, length, MSG_NOSIGNAL) != (ssize_t)length) return lose(client);
        client->phase = upgrading;
    }
    while (client->phase >= upgrading && client->phase != lost) {
        ssize_t got = recv(client->socket, buffer, sizeof buffer, 0);
        if (got > 0) take(client, buffer, (size_t)got, now());
        else if (got < 0 && errno == EAGAIN) return;
        else return lose(client);
        if (got < (ssize_t)sizeof buffer) return;
    }
}

static void report(const char *path) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(arrivals, sizeof *arrivals, arrival_count, file) != arrival_count || fclose(file) != 0) fail(path);
    printf("deliveries %zu lost %d\n", arrival_count, lost_count);
}

static int command(void) {
    char line[4096];
    if (!fgets(line, sizeof line, stdin)) return 0;
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "forget") == 0) {
        arrival_count = 0;
        for (int i = 0; i < count; i++) clients[i].frames = 0;
        puts("forgotten");
    } else if (strncmp(line, "report ", 7) == 0) {
        report(line + 7);
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    port = atoi(argv[1]);
    count = atoi(argv[3]);
    hello = argv[4];
    int length = snprintf(
        upgrade, sizeof upgrade,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", argv[2], port);
    for (int i = 5; i < argc; i++)
        length += snprintf(upgrade + length, sizeof upgrade - (size_t)length, "%s\r\n", argv[i]);
    snprintf(upgrade + length, sizeof upgrade - (size_t)length, "\r\n");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    clients = calloc((size_t)count, sizeof *clients);
    arrivals = malloc(most_arrivals * sizeof *arrivals);
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event input = {.events = EPOLLIN, .data.u32 = UINT32_MAX}, events[1024];
    if (!clients || !arrivals || poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input) != 0) fail("start");
    int announced = 0;
    while (1) {
        while (opened < count && shaking < handshakes_at_a_time) open_one();
        if (!announced && opened == count && shaking == 0) {
            announced = 1;
            printf("ready %d\n", ready);
        }
        int happenings = epoll_wait(poller, events, 1024, -1);
        if (happenings < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < happenings; i++) {
            if (events[i].data.u32 != UINT32_MAX) happened(&clients[events[i].data.u32], events[i].events);
            else if (!command()) return 0;
        }
    }
}
