/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading all of an image takes minutes: a child of its own, a thread that waits for it, and one at
 * a time. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/images/inner.h"
#include "lib/daemon/log.h"

struct job {
        struct images *images;
        struct image_manifest manifest;
        int fd;
        images_verified_fn done;
        void *context;
};

static void describe(const struct job *job, int rc, uint64_t frame, char *ret)
{
        const char *why = strerror(-rc);

        if (rc == -EBADMSG)
                why = "it is damaged";
        else if (rc == -EKEYREJECTED)
                why = "its SHA-256 is another one";
        if (rc == 0)
                snprintf(ret, IMAGES_ERROR_SIZE,
                         "All %llu frames are what the signed manifest says.",
                         (unsigned long long)image_frame_count(&job->manifest));
        else if (rc == -EOWNERDEAD)
                return; /* it was said how */
        else if (rc == -ECANCELED)
                snprintf(ret, IMAGES_ERROR_SIZE, "The controller is stopping.");
        else if (frame == UINT64_MAX)
                snprintf(ret, IMAGES_ERROR_SIZE, "The table of frames, or the file as a whole: %s.",
                         why);
        else
                snprintf(ret, IMAGES_ERROR_SIZE, "Frame %llu of %llu: %s.",
                         (unsigned long long)frame,
                         (unsigned long long)image_frame_count(&job->manifest), why);
}

/* Of the image that was read, and not of one that took its place meanwhile. */
static void note(struct images *images, const struct image_manifest *manifest, int rc,
                 const char *detail)
{
        struct image *image = image_find(images, manifest->name);

        if (!image || !image->has_manifest || image->manifest.made_ms != manifest->made_ms ||
            strcmp(image->manifest.stored_sha256, manifest->stored_sha256) != 0)
                return;
        if (rc == 0)
                image->broken[0] = '\0';
        else
                snprintf(image->broken, IMAGES_ERROR_SIZE, "%s", detail);
}

static void *run(void *context)
{
        struct job *job = context;
        struct images *images = job->images;
        char detail[IMAGES_ERROR_SIZE];
        uint64_t frame;
        int rc;

        rc = verify_by_child(images, job->fd, &job->manifest, detail, &frame);
        describe(job, rc, frame, detail);
        close(job->fd);
        if (rc == -EOWNERDEAD)
                log_warning("image.unread", "name=%s reason=%s", job->manifest.name, QUOTE(detail));
        else if (rc < 0 && rc != -ECANCELED)
                log_warning("image.broken", "name=%s reason=%s", job->manifest.name, QUOTE(detail));

        pthread_mutex_lock(&images->lock);
        /* No memory, no time left and no child say nothing of the image. */
        if (rc != -ECANCELED && rc != -ENOMEM && rc != -EOWNERDEAD)
                note(images, &job->manifest, rc, detail);
        images->is_verifying = false;
        pthread_mutex_unlock(&images->lock);
        job->done(job->context, rc == 0, detail);
        free(job);
        return NULL;
}

/* With the lock. */
static int start(struct images *images, const struct image *image, struct job *job)
{
        char file[IMAGE_FILE_SIZE];
        int rc;

        job->images = images;
        job->manifest = image->manifest;
        job->fd = openat(images->folder, image_file(file, image->name, FILE_DATA),
                         O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (job->fd < 0)
                return -errno;
        if (images->has_verifier)
                pthread_join(images->verifier, NULL); /* it has answered, and ends */
        images->has_verifier = false;
        rc = -pthread_create(&images->verifier, NULL, run, job);
        if (rc < 0) {
                close(job->fd);
                return rc;
        }
        images->has_verifier = images->is_verifying = true;
        return 0;
}

int images_verify(struct images *images, const char *name, images_verified_fn done, void *context)
{
        struct job *job = calloc(1, sizeof(*job));
        const struct image *image;
        int rc;

        if (!job)
                return -ENOMEM;
        job->done = done;
        job->context = context;
        pthread_mutex_lock(&images->lock);
        image = image_find(images, name);
        if (!image || image->is_leaving)
                rc = -ENOENT;
        else if (!image->has_manifest)
                rc = -EBADMSG;
        else if (atomic_load(&images->is_stopping))
                rc = -ECANCELED;
        else if (images->is_verifying)
                rc = -EBUSY;
        else
                rc = start(images, image, job);
        pthread_mutex_unlock(&images->lock);
        if (rc < 0)
                free(job);
        return rc;
}
