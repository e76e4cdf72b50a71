// System calls that Swift's module of the C library does not show.
#ifndef CPLATFORM_H
#define CPLATFORM_H

/// A descriptor that `wake_up_wake` makes readable until it is reset, eventfd(2); -1 and errno on failure.
int wake_up_make(void);

/// Makes the descriptor readable. It may be called from anywhere, any number of times.
void wake_up_wake(int descriptor);

/// Makes the descriptor unreadable until it is woken again.
void wake_up_reset(int descriptor);

#endif
