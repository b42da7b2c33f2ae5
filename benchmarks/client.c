/* The least a hook client can cost: stdin to a Unix socket, wait for one byte, exit. Static. */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char buffer[1 << 20];
    size_t size = 0;
    ssize_t got;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int connection = socket(AF_UNIX, SOCK_STREAM, 0);

    if (argc < 2 || strlen(argv[1]) >= sizeof address.sun_path)
        return 2;
    strcpy(address.sun_path, argv[1]);
    while ((got = read(0, buffer + size, sizeof buffer - size - 1)) > 0)
        size += (size_t)got;
    buffer[size++] = '\n';
    if (connect(connection, (struct sockaddr *)&address, sizeof address))
        return 1;
    if (write(connection, buffer, size) != (ssize_t)size)
        return 1;
    return read(connection, buffer, 1) == 1 ? 0 : 1;
}
