/* Sends mails as fast as a server takes them, and prints what it saw as one line of JSON.
 *
 *   client [-e] [-p] [-t] [-u USER -k KEY] -P PORT -m FILE -a OFFSET -f FIRST -n COUNT -s SECONDS
 *          -c CONNECTIONS
 *
 * FILE holds one mail as it stands on the wire, dots stuffed, up to its final CRLF.CRLF. At OFFSET
 * stand the eight digits of its number; the mails sent are FIRST, FIRST + 1 and so on without a
 * gap: COUNT of them, or as many as are begun within SECONDS.
 *
 *   -e  each mail has a connection of its own    -p  MAIL, RCPT and DATA go in one write
 *   -t  STARTTLS first                           -u  then AUTH PLAIN
 *
 * A thread for each connection, blocking calls. Any reply but the expected one ends the run.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 8
#define PATIENCE 60 /* seconds that a run may take over its time, and a server to answer */
#define MAIL "MAIL FROM:<sender@bench.example>\r\n"
#define RCPT "RCPT TO:<receiver@bench.example>\r\n"
#define DATA "DATA\r\n"

typedef struct {
    int fd;
    SSL *ssl;
    size_t begin, end; /* what was read and is not used yet */
    char in[4096];
} Connection;

static struct {
    bool each, pipelined, tls;
    int port, connections;
    long first, count;
    double seconds;
    size_t offset, size;
    char *wire, login[512];
} given;

static SSL_CTX *context;
static struct sockaddr_in address;
static pthread_barrier_t ready;
static atomic_long taken;
static float *latencies; /* seconds, by mail */
static double begun;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "load client: %s: %s\n", what, why);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void send_all(Connection *c, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, bytes, size > 1 << 30 ? 1 << 30 : size)
                           : send(c->fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0) fail("sending", "the server went away or was silent for too long");
        bytes += n;
        size -= n;
    }
}

static ssize_t read_more(Connection *c) {
    memmove(c->in, c->in + c->begin, c->end - c->begin);
    c->end -= c->begin;
    c->begin = 0;
    char *to = c->in + c->end;
    size_t room = sizeof c->in - c->end;
    ssize_t n = c->ssl ? SSL_read(c->ssl, to, room) : recv(c->fd, to, room, 0);
    if (n > 0) c->end += n;
    return n;
}

/* Read one whole reply (RFC 5321 section 4.2.1): the line without a hyphen is its last. */
static void expect(Connection *c, const char *code) {
    for (;;) {
        char *line = c->in + c->begin, *end = memchr(line, '\n', c->end - c->begin);
        if (!end) {
            if (read_more(c) <= 0) fail("no reply, expected", code);
            continue;
        }
        c->begin = end + 1 - c->in;
        if (end - line < 4 || strncmp(line, code, 3)) fail((*end = 0, line), code);
        if (line[3] != '-') return;
    }
}

static void say(Connection *c, const char *line, const char *code) {
    send_all(c, line, strlen(line));
    expect(c, code);
}

/* --- a session -------------------------------------------------------------------------------- */

static void start_tls(Connection *c) {
    say(c, "STARTTLS\r\n", "220");
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    if (SSL_connect(c->ssl) != 1) fail("TLS", "the handshake failed");
    say(c, "EHLO client.bench.example\r\n", "250");
}

static void open_session(Connection *c) {
    int on = 1;
    struct timeval patience = {.tv_sec = PATIENCE};
    c->ssl = NULL;
    c->begin = c->end = 0;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) {
        perror("load client: connect");
        exit(1);
    }
    expect(c, "220");
    say(c, "EHLO client.bench.example\r\n", "250");
    if (given.tls) start_tls(c);
    if (given.login[0]) say(c, given.login, "235");
}

/* The server closes first, as RFC 5321 section 4.1.1.10 has it. */
static void close_session(Connection *c) {
    say(c, "QUIT\r\n", "221");
    while (read_more(c) > 0) c->begin = c->end;
    if (c->ssl) SSL_free(c->ssl);
    close(c->fd);
}

static void send_mail(Connection *c, char *wire, long number) {
    for (int i = DIGITS; i-- > 0; number /= 10) wire[given.offset + i] = '0' + number % 10;
    if (given.pipelined) {
        send_all(c, MAIL RCPT DATA, strlen(MAIL RCPT DATA));
        expect(c, "250");
        expect(c, "250");
        expect(c, "354");
    } else {
        say(c, MAIL, "250");
        say(c, RCPT, "250");
        say(c, DATA, "354");
    }
    send_all(c, wire, given.size);
    expect(c, "250");
}

static void *work(void *nothing) {
    (void)nothing;
    Connection c;
    char *wire = malloc(given.size);
    memcpy(wire, given.wire, given.size);
    if (!given.each) open_session(&c);
    if (pthread_barrier_wait(&ready) == PTHREAD_BARRIER_SERIAL_THREAD) begun = now();
    pthread_barrier_wait(&ready);
    while (now() - begun < given.seconds) {
        long index = atomic_fetch_add(&taken, 1);
        if (index >= given.count) break;
        double start = now();
        if (given.each) open_session(&c);
        send_mail(&c, wire, given.first + index);
        latencies[index] = now() - start;
        if (given.each) close_session(&c);
    }
    double *ended = malloc(sizeof *ended);
    *ended = now();
    if (!given.each) close_session(&c);
    free(wire);
    return ended;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void read_wire(const char *path) {
    struct stat facts;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &facts)) fail("cannot read", path);
    given.size = facts.st_size;
    given.wire = malloc(given.size);
    if (fread(given.wire, 1, given.size, file) != given.size) fail("cannot read", path);
    if (given.offset + DIGITS > given.size) fail("no room for the number in", path);
    fclose(file);
}

static void make_login(const char *user, const char *key) {
    char plain[256], *at = given.login + sprintf(given.login, "AUTH PLAIN ");
    int size = snprintf(plain, sizeof plain, "%c%s%c%s", 0, user, 0, key);
    if (size >= (int)sizeof plain) fail("too long", "user and key");
    at += EVP_EncodeBlock((unsigned char *)at, (unsigned char *)plain, size);
    strcpy(at, "\r\n");
}

static void read_arguments(int argc, char **argv) {
    const char *user = NULL, *key = "", *file = "";
    for (int flag; (flag = getopt(argc, argv, "eptu:k:P:m:a:f:n:s:c:")) != -1;) switch (flag) {
        case 'e': given.each = true; break;
        case 'p': given.pipelined = true; break;
        case 't': given.tls = true; break;
        case 'u': user = optarg; break;
        case 'k': key = optarg; break;
        case 'P': given.port = atoi(optarg); break;
        case 'm': file = optarg; break;
        case 'a': given.offset = strtoul(optarg, NULL, 10); break;
        case 'f': given.first = atol(optarg); break;
        case 'n': given.count = atol(optarg); break;
        case 's': given.seconds = atof(optarg); break;
        case 'c': given.connections = atoi(optarg); break;
        default: exit(2);
        }
    if (given.count < 1 || given.count > 10000000 || given.connections < 1) exit(2);
    if (user) make_login(user, key);
    read_wire(file);
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    alarm(given.seconds + PATIENCE);
    address.sin_family = AF_INET;
    address.sin_port = htons(given.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    context = SSL_CTX_new(TLS_client_method()); /* verifies nothing: the server is measured */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    latencies = calloc(given.count, sizeof *latencies);
    pthread_barrier_init(&ready, NULL, given.connections);

    pthread_t threads[given.connections];
    for (int i = 0; i < given.connections; i++) pthread_create(&threads[i], NULL, work, NULL);
    double last = 0;
    for (int i = 0; i < given.connections; i++) {
        double *ended;
        pthread_join(threads[i], (void **)&ended);
        if (*ended > last) last = *ended;
    }
    long sent = taken < given.count ? taken : given.count;
    qsort(latencies, sent, sizeof *latencies, ascending);
    printf("{\"sent\": %ld, \"seconds\": %.6f, \"client_cpu\": %.6f, \"p50\": %.7f, \"p99\": %.7f}\n",
           sent, last - begun, cpu_seconds(), latencies[sent / 2], latencies[sent * 99 / 100]);
    return 0;
}
