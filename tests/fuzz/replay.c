/* A fuzz target without libFuzzer: feeds it the files named on the command line (or in the folders
 * named there) and then a fixed number of mutations of them, always the same ones. TAP on standard
 * output. Each part runs in a child, so that a crash is reported with the input that caused it.
 *
 *     fuzz_X [--mutations N] [--crash FILE] PATH... */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 16, SEEDS_MAX = 512, MUTATIONS = 5000, SECONDS_MAX = 8, EDITS_MAX = 6 };

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

struct seed {
    char *path;
    uint8_t *data;
    size_t size;
};

static struct seed seeds[SEEDS_MAX];
static size_t seed_count;
static struct input *shared; /* what the child is at, seen by the parent */
static const char *crash_path = "fuzz.crash";
static unsigned tests, failures;

static void fatal(const char *what, const char *path)
{
    printf("Bail out! %s: %s\n", what, path);
    exit(2);
}

static void seed_add(const char *path)
{
    struct seed *s = &seeds[seed_count];
    FILE *f = fopen(path, "rb");

    if (!f || seed_count == SEEDS_MAX)
        fatal("cannot be read, or too many", path);
    s->path = strdup(path);
    s->data = malloc(INPUT_MAX);
    if (!s->path || !s->data)
        fatal("no memory", path);
    s->size = fread(s->data, 1, INPUT_MAX, f);
    fclose(f);
    seed_count++;
}

static int entry_is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void path_add(const char *path)
{
    struct dirent **entries = NULL;
    struct stat st;

    if (stat(path, &st))
        fatal("not there", path);
    if (!S_ISDIR(st.st_mode)) {
        seed_add(path);
        return;
    }
    int n = scandir(path, &entries, entry_is_file, alphasort);
    for (int i = 0; i < n; i++) {
        char *full = NULL;
        if (asprintf(&full, "%s/%s", path, entries[i]->d_name) < 0)
            fatal("no memory", path);
        seed_add(full);
        free(full);
        free(entries[i]);
    }
    free(entries);
}

/* ---- mutation: xorshift64*, so that every run makes the same inputs -------------------------- */

static uint64_t rng_state = 0x5ee9ba5ce7000001u;

static uint32_t rng(uint32_t below)
{
    rng_state ^= rng_state >> 12;
    rng_state ^= rng_state << 25;
    rng_state ^= rng_state >> 27;
    return below ? (uint32_t)((rng_state * 0x2545f4914f6cdd1du) >> 33) % below : 0;
}

static void input_resize(struct input *in, size_t at, size_t drop, size_t add)
{
    size_t tail = in->size - at - drop;

    if (at + add + tail > INPUT_MAX)
        return;
    memmove(in->data + at + add, in->data + at + drop, tail);
    for (size_t i = 0; i < add; i++)
        in->data[at + i] = (uint8_t)rng(256);
    in->size = at + add + tail;
}

static void input_edit(struct input *in)
{
    static const uint8_t odd[] = {0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x3a, 0x7f, 0x80, 0xff};
    uint32_t size = (uint32_t)in->size, at = rng(size);

    switch (size ? rng(7) : 5) {
    case 0:
        in->data[at] ^= (uint8_t)(1u << rng(8));
        break;
    case 1:
        in->data[at] = (uint8_t)rng(256);
        break;
    case 2:
        in->data[at] = odd[rng(sizeof(odd))];
        break;
    case 3: /* cut off */
        in->size = at;
        break;
    case 4: /* leave out */
        input_resize(in, at, 1 + rng(size - at < 16 ? size - at : 16), 0);
        break;
    case 5: /* put in */
        input_resize(in, at, 0, 1 + rng(16));
        break;
    default: { /* the tail of another seed */
        const struct seed *s = &seeds[rng((uint32_t)seed_count)];
        size_t from = rng((uint32_t)s->size), len = s->size - from;
        if (at + len <= INPUT_MAX) {
            memcpy(in->data + at, s->data + from, len);
            in->size = at + len;
        }
    }
    }
}

/* The target gets a block of exactly the input's size, so that ASan sees a read past its end. */
static void input_run(void)
{
    uint8_t *exact = malloc(shared->size ? shared->size : 1);

    if (!exact)
        abort();
    memcpy(exact, shared->data, shared->size);
    LLVMFuzzerTestOneInput(exact, shared->size);
    free(exact);
}

static void seed_take(const struct seed *s)
{
    memcpy(shared->data, s->data, s->size);
    shared->size = s->size;
}

static void mutations_run(unsigned count)
{
    time_t end = time(NULL) + SECONDS_MAX;

    for (unsigned i = 0; i < count && time(NULL) < end; i++) {
        seed_take(&seeds[rng((uint32_t)seed_count)]);
        for (uint32_t edits = 1 + rng(EDITS_MAX); edits > 0; edits--)
            input_edit(shared);
        input_run();
    }
}

/* ---- running in a child ---------------------------------------------------------------------- */

static void crash_keep(void)
{
    FILE *f = fopen(crash_path, "wb");

    if (!f)
        return;
    fwrite(shared->data, 1, shared->size, f);
    fclose(f);
    printf("# the input is in %s (%zu bytes)\n", crash_path, shared->size);
}

static void result_report(const char *name, int status)
{
    int ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    printf("%sok %u - %s\n", ok ? "" : "not ", ++tests, name);
    if (ok)
        return;
    failures++;
    printf("# ended by %s %d\n", WIFSIGNALED(status) ? "signal" : "exit code",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    crash_keep();
}

/* s NULL: the mutations. */
static void part_run(const char *name, const struct seed *s, unsigned mutations)
{
    int status = 0;

    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        fatal("fork", name);
    if (pid == 0) {
        if (s) {
            seed_take(s);
            input_run();
        } else {
            mutations_run(mutations);
        }
        exit(0); /* not _exit: the leak check runs here */
    }
    waitpid(pid, &status, 0);
    result_report(name, status);
}

int main(int argc, char **argv)
{
    unsigned mutations = MUTATIONS;
    int i = 1;

    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--mutations") == 0)
            mutations = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--crash") == 0)
            crash_path = argv[i + 1];
        else
            fatal("no such flag", argv[i]);
    }
    for (; i < argc; i++)
        path_add(argv[i]);
    if (seed_count == 0)
        fatal("no input in", argc > 1 ? argv[argc - 1] : "(no path)");
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        fatal("no memory", "mmap");
    printf("1..%zu\n", seed_count + (mutations ? 1 : 0));
    for (size_t n = 0; n < seed_count; n++) {
        const char *slash = strrchr(seeds[n].path, '/');
        part_run(slash ? slash + 1 : seeds[n].path, &seeds[n], 0);
    }
    if (mutations)
        part_run("mutations", NULL, mutations);
    return failures > 0;
}
