/** What figures do as they come into view and go out of it, as attachments of an element. */
import type { Attachment } from "svelte/attachments";

const NEAR = "300px";

/** Once, when the element is about to be seen. */
export function nearby(reached: () => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        reached();
      },
      { rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}

/** Each time that the element comes into view, true, or has left it, false. */
export function inView(changed: (isSeen: boolean) => void): Attachment {
  return (element) => {
    const observer = new IntersectionObserver((entries) => changed(entries[entries.length - 1].isIntersecting));
    observer.observe(element);
    return () => observer.disconnect();
  };
}
