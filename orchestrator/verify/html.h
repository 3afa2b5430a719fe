/* html.h -- what of a page is worth verifying: the element an application lives in, and the files
 * it refers to.  No parser of HTML: it looks at tags and their attributes, and passes over comments
 * and the text of scripts.  Pure.
 * Runs in: CLI, over a page that a server sent.  Owns: the texts of the list. */
#ifndef IPAM_VERIFY_HTML_H
#define IPAM_VERIFY_HTML_H

#include <stdbool.h>
#include <stddef.h>

enum html_kind { HTML_SCRIPT, HTML_STYLE, HTML_ICON };

struct html_reference {
    enum html_kind kind;
    char *target; /* as the page writes it, with the usual entities decoded */
};

struct html_references {
    struct html_reference *items;
    size_t n;
};

enum { HTML_REFERENCES_MAX = 48 };

/* an element has that id */
bool html_has_id(const char *page, const char *id);
/* scripts, styles, modules that are loaded early, icons; at most HTML_REFERENCES_MAX */
void html_references(const char *page, struct html_references *out);
void html_references_clear(struct html_references *r);
/* `target` as a path of the site the page is on, malloc'd; NULL when it is elsewhere, or no address
 * (data:).  `base`: the page, "https://name:port/dir/page". */
char *html_path(const char *base, const char *target);

#endif
