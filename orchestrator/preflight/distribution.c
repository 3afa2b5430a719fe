#include "preflight/distribution.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fsio.h"
#include "base/paths.h"
#include "preflight/program.h"

enum { RELEASE_MAX = 16 * 1024, ASK_MS = 5000 };

enum family { FAMILY_DEBIAN, FAMILY_FEDORA, FAMILY_SUSE, FAMILY_ALPINE, FAMILY_OTHER };

static const struct {
    const char *id;
    enum family family;
} families[] = {
    { "debian", FAMILY_DEBIAN }, { "ubuntu", FAMILY_DEBIAN }, { "fedora", FAMILY_FEDORA },
    { "rhel", FAMILY_FEDORA },   { "centos", FAMILY_FEDORA }, { "suse", FAMILY_SUSE },
    { "opensuse", FAMILY_SUSE }, { "sles", FAMILY_SUSE },     { "alpine", FAMILY_ALPINE },
};

static const struct {
    const char *install;
    bool by_path;                        /* takes full paths of programs */
    const char *engine, *plugin, *start; /* of Docker */
} ways[] = {
    [FAMILY_DEBIAN] = { "apt-get install -y --no-install-recommends", false,
                        "apt-get install -y docker.io docker-cli",
                        "apt-get install -y docker-compose-v2 (Ubuntu), docker-compose (Debian 13) "
                        "or docker-compose-plugin (download.docker.com)",
                        "systemctl enable --now docker" },
    [FAMILY_FEDORA] = { "dnf install -y", true,
                        "dnf install -y docker-ce docker-ce-cli (from download.docker.com)",
                        "dnf install -y docker-compose-plugin", "systemctl enable --now docker" },
    [FAMILY_SUSE] = { "zypper --non-interactive install", true, "zypper install docker",
                      "zypper install docker-compose", "systemctl enable --now docker" },
    [FAMILY_ALPINE] = { "apk add", false, "apk add docker", "apk add docker-cli-compose",
                        "rc-update add docker && service docker start" },
    [FAMILY_OTHER] = { "install", true, "https://docs.docker.com/engine/install/",
                       "https://docs.docker.com/compose/install/", "start the Docker daemon" },
};

/* the value of a key of os-release, without quotes; NULL: not there */
static char *release_value(const char *key)
{
    auto_free char *text = NULL;
    size_t len = strlen(key);
    char *rest;

    if (fsio_read(AT_FDCWD, "/etc/os-release", RELEASE_MAX, &text, NULL) < 0)
        return NULL;
    rest = text;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *value = line + len + 1;

        if (strncmp(line, key, len) != 0 || line[len] != '=')
            continue;
        value += *value == '"' || *value == '\'';
        value[strcspn(value, "\"'")] = '\0';
        return strdup(value);
    }
    return NULL;
}

static enum family family_of(void)
{
    static const char *const keys[] = { "ID", "ID_LIKE" };

    for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
        auto_free char *value = release_value(keys[k]);
        char *rest = value;

        for (const char *word; (word = strsep(&rest, " "));)
            for (size_t i = 0; i < ARRAY_LEN(families); i++)
                if (strcmp(word, families[i].id) == 0)
                    return families[i].family;
    }
    return FAMILY_OTHER;
}

char *distribution_name(void)
{
    char *name = release_value("PRETTY_NAME");

    return name ? name : strdup("this system");
}

char *distribution_install(const char *packages, const char *programs)
{
    enum family family = family_of();
    bool by_path = ways[family].by_path && programs && programs[0] != '\0';

    return paths_join("%s %s", ways[family].install, by_path ? programs : packages);
}

char *distribution_docker(enum distribution_docker from)
{
    const char *const steps[] = { ways[family_of()].engine, ways[family_of()].start,
                                  ways[family_of()].plugin };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    for (unsigned i = from, n = 1; i < ARRAY_LEN(steps); i++, n++)
        fprintf(out, "%s%u. %s", n > 1 ? "; " : "", n, steps[i]);
    (void) fclose(out);
    return text;
}

char *distribution_version(const char *package)
{
    const char *const argv[] = { "dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package,
                                 NULL };
    static const char installed[] = "installed ";
    auto_free char *text = NULL;

    if (program_ask(argv, ASK_MS, &text) != 0 ||
        strncmp(text, installed, sizeof installed - 1) != 0)
        return NULL;
    return strdup(text + sizeof installed - 1);
}

static char *owner_by_dpkg(const char *path)
{
    const char *const argv[] = { "dpkg", "-S", path, NULL };
    auto_free char *text = NULL, *version = NULL;

    if (program_ask(argv, ASK_MS, &text) != 0)
        return NULL;
    text[strcspn(text, ":,\n")] = '\0';
    version = distribution_version(text);
    return paths_join("%s%s%s", text, version ? " " : "", version ? version : "");
}

char *distribution_owner(const char *path)
{
    const char *const rpm[] = { "rpm", "-qf", "--qf", "%{NAME} %{VERSION}-%{RELEASE}", path, NULL };
    const char *const apk[] = { "apk", "info", "-q", "-W", path, NULL };
    auto_free char *real = realpath(path, NULL);
    char *owner = owner_by_dpkg(path), *text = NULL;

    /* packages may have put it where a link of /usr-merged systems points to, or comes from */
    if (!owner && real && strcmp(real, path) != 0)
        owner = owner_by_dpkg(real);
    if (!owner && strncmp(path, "/usr/", 5) == 0)
        owner = owner_by_dpkg(path + 4);
    if (owner)
        return owner;
    if (program_ask(rpm, ASK_MS, &text) == 0)
        return text;
    free(take_ptr(text));
    if (program_ask(apk, ASK_MS, &text) == 0)
        return text;
    free(text);
    return NULL;
}
