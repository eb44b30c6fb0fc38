// Standard input, output and error, when a command begins.
#ifndef VMTRUNC_BASE_STREAMS_H_
#define VMTRUNC_BASE_STREAMS_H_

namespace vmtrunc::base {

// Takes the numbers 0, 1 and 2 where they are closed, so that no file that is
// opened later gets one: what a command prints would be written into it. What
// stands there fails as a closed one does, on reading and on writing.
void HoldClosedStreams();

// Whether standard output is a pipe that nobody reads any more.
bool NobodyReads();

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STREAMS_H_
