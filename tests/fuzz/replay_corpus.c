/* A main for a fuzz harness without libFuzzer: feeds it every file of the folders and files named, and every
 * prefix of each file, in a buffer of exactly that size so that a sanitizer sees a read past its end. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Prefixes of larger files are fed in steps, so that the whole corpus stays a matter of seconds. */
#define PREFIXES_MAX 2048

struct tally {
	size_t files, inputs, errors;
};

static int feed(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		return -1;
	if (n)
		memcpy(copy, bytes, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

static int feed_prefixes(const uint8_t *bytes, size_t n, struct tally *t)
{
	size_t step = n / PREFIXES_MAX + 1;

	for (size_t len = 0; len < n; len += step, t->inputs++) {
		if (feed(bytes, len) < 0)
			return -1;
	}
	t->inputs++;
	return feed(bytes, n);
}

static int feed_file(const char *path, size_t size, struct tally *t)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(size + 1);
	int rc = -1;

	if (!f || !bytes)
		goto out;
	size_t n = fread(bytes, 1, size, f);
	if (ferror(f))
		goto out;
	rc = feed_prefixes(bytes, n, t);
	t->files++;
out:
	if (rc < 0) {
		perror(path);
		t->errors++;
	}
	free(bytes);
	if (f)
		fclose(f);
	return rc;
}

static void feed_path(const char *path, struct tally *t);

static void feed_folder(const char *path, struct tally *t)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char file[4096];
		int len = snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(file))
			feed_path(file, t);
		free(names[i]);
	}
	free(names);
	if (n < 0) {
		perror(path);
		t->errors++;
	}
}

static void feed_path(const char *path, struct tally *t)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		t->errors++;
	} else if (S_ISDIR(st.st_mode)) {
		feed_folder(path, t);
	} else {
		feed_file(path, (size_t)st.st_size, t);
	}
}

int main(int argc, char **argv)
{
	struct tally t = {0};

	for (int i = 1; i < argc; i++)
		feed_path(argv[i], &t);
	printf("%zu inputs from %zu files\n", t.inputs, t.files);
	return t.errors > 0 || t.files == 0;
}
