// What the system offers and Swift's module of its C library does not show.
#ifndef CPLATFORM_H
#define CPLATFORM_H

/// A descriptor that becomes readable by `bell_ring` and stays so, eventfd(2); -1 and errno on failure.
int bell_make(void);

/// Makes it readable; may be called from anywhere, any number of times.
void bell_ring(int descriptor);

/// Makes it not readable until it is rung again.
void bell_reset(int descriptor);

#endif
