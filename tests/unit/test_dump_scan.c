/* What a dump says while it passes: tables, rows, sums, the place in the binary log, its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "ops/dump_scan.h"

#define HEAD                                                                                       \
    "-- MariaDB dump 10.19\n--\n"                                                                  \
    "-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000007', MASTER_LOG_POS=2291;\n"
#define TABLE(name, rows)                                                                          \
    "--\n-- Table structure for table `" name "`\n--\nCREATE TABLE `" name "` (\n  `x` text\n);\n" \
    "--\n-- Dumping data for table `" name "`\n--\n" rows
#define TAIL "-- Dumping routines for database 'ipam'\n--\n"
#define END  "-- Dump completed\n"

/* fed in pieces of `step` bytes */
static void scan(const char *text, size_t step, struct dump_facts *out)
{
    struct dump_scan *s = dump_scan_new();
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i += step)
        dump_scan_feed(s, text + i, len - i < step ? len - i : step);
    dump_scan_end(s, out);
}

static void a_dump_without_its_end_is_not_whole(void **state)
{
    static const char *const torn[] = { "", HEAD, HEAD TABLE("a", "INSERT INTO `a` VALUES\n(1"),
                                        "-- Dump completed\nselect 1;\n" };

    (void) state;
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        struct dump_facts f;

        scan(torn[i], 7, &f);
        assert_false(f.whole);
        dump_facts_clear(&f);
    }
}

static void rows_are_counted_where_they_are_rows(void **state)
{
    static const char text[] =
        HEAD TABLE("a", "INSERT INTO `a` VALUES\n(1,'x\\n(y'),\n(2,'z');\n"
                        "INSERT INTO `a` VALUES\n(3,'');\n") TABLE("empty", "UNLOCK TABLES;\n")
            TABLE("o``d", "INSERT INTO `o``d` VALUES\n(1);\nDELIMITER ;;\ncreate trigger t\n"
                          "INSERT INTO `a` VALUES\n(1),\n"
                          "-- Table structure for table `no`\n;;\nDELIMITER ;\n") TAIL "(1)\n" END;
    static const size_t steps[] = { 1, 3, 64, 1 << 20 };
    struct dump_facts first;

    (void) state;
    scan(text, steps[0], &first); /* never a line that is there whole */
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct dump_facts f;

        scan(text, steps[i], &f);
        assert_true(f.whole);
        assert_int_equal(f.bytes, sizeof text - 1);
        assert_int_equal(f.n_tables, 3);
        assert_int_equal(dump_facts_table(&f, "a")->rows, 3);
        assert_int_equal(dump_facts_table(&f, "empty")->rows, 0);
        assert_int_equal(dump_facts_table(&f, "o`d")->rows, 1);
        assert_null(dump_facts_table(&f, "no"));
        assert_string_equal(f.log_file, "binlog.000007");
        assert_int_equal(f.log_position, 2291);
        for (size_t k = 0; k < f.n_tables; k++)
            assert_memory_equal(f.tables[k].sum, first.tables[k].sum, DUMP_SUM);
        assert_memory_equal(f.rest, first.rest, DUMP_SUM);
        dump_facts_clear(&f);
    }
    dump_facts_clear(&first);
}

static void a_sum_is_that_of_the_table_and_of_nothing_else(void **state)
{
    struct dump_facts f, g;

    (void) state;
    scan(HEAD TABLE("a", "INSERT INTO `a` VALUES\n(1);\n") TABLE("b", "") TAIL "x\n" END, 5, &f);
    scan("-- another comment\n" TABLE("a", "INSERT INTO `a` VALUES\n(2);\n") TABLE("b", "") TAIL
         "x\n" END,
         64, &g);
    assert_memory_not_equal(dump_facts_table(&f, "a")->sum, dump_facts_table(&g, "a")->sum,
                            DUMP_SUM);
    assert_memory_equal(dump_facts_table(&f, "b")->sum, dump_facts_table(&g, "b")->sum, DUMP_SUM);
    assert_memory_equal(f.rest, g.rest, DUMP_SUM);
    assert_string_equal(g.log_file, "");
    dump_facts_clear(&f);
    dump_facts_clear(&g);
}

static void a_long_row_counts_whole_however_it_is_cut(void **state)
{
    enum { LONG = 100000 };
    char *text = malloc(LONG + 4096);
    struct dump_facts f, g, h;
    size_t n;

    (void) state;
    assert_non_null(text);
    strcpy(text, TABLE("a", "INSERT INTO `a` VALUES\n('")); /* NOLINT: there is room */
    n = strlen(text);
    memset(text + n, 'x', LONG);
    strcpy(text + n + LONG, "'),\n('-- y');\n" END); /* NOLINT: there is room */
    scan(text, 1000, &f);
    scan(text, 1 << 20, &g);
    text[n + LONG - 1] = 'y';
    scan(text, 641, &h);
    assert_int_equal(dump_facts_table(&f, "a")->rows, 2);
    assert_memory_equal(f.tables[0].sum, g.tables[0].sum, DUMP_SUM);
    assert_memory_not_equal(f.tables[0].sum, h.tables[0].sum, DUMP_SUM);
    dump_facts_clear(&f);
    dump_facts_clear(&g);
    dump_facts_clear(&h);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_without_its_end_is_not_whole),
        cmocka_unit_test(rows_are_counted_where_they_are_rows),
        cmocka_unit_test(a_sum_is_that_of_the_table_and_of_nothing_else),
        cmocka_unit_test(a_long_row_counts_whole_however_it_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
