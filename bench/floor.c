/* The floor: the same as floor.py in C, where nothing but the kernel is left to wait for. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define GREETING \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" \
    "16\r\nevent: ready\ndata: \n\n\r\n"

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

static int greeted(int stream)
{
    char request[4096];
    int on = 1;
    if (recv(stream, request, sizeof request, 0) < 0)
        exit(1);
    setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send(stream, GREETING, sizeof GREETING - 1, 0);
    return stream;
}

static int open_door(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(door, (struct sockaddr *)&here, size) || listen(door, 1024))
        exit(1);
    getsockname(door, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    return door;
}

int main(int count, char **words)
{
    int wanted = count > 1 ? atoi(words[1]) : 0, door = open_door(), *streams = calloc(wanted, sizeof *streams);
    for (int i = 0; i < wanted; i++)
        streams[i] = greeted(accept(door, NULL, NULL));
    for (char digits[9] = ""; fread(digits, 1, 8, stdin) == 8;) {
        size_t size = strtoul(digits, NULL, 10);
        char *frame = malloc(size);
        if (fread(frame, 1, size, stdin) != size)
            return 1;
        double begun = now();
        for (int i = 0; i < wanted; i++)
            send(streams[i], frame, size, MSG_DONTWAIT);
        printf("%f %f\n", begun, now());
        fflush(stdout);
        free(frame);
    }
    return 0;
}
