// Standard input, output and error at the start of a command.
#ifndef VMTRUNC_BASE_STREAMS_H_
#define VMTRUNC_BASE_STREAMS_H_

namespace vmtrunc::base {

// Opens descriptors 0, 1 and 2 if they are closed, so that no file opened later
// gets one and receives the command's output. Reads and writes on them fail as
// on a closed one.
void HoldClosedStreams();

// Closes standard output, to be called when all of it is flushed. Returns errno
// or 0: NFS, CIFS and FUSE write at the close, and say only then that there is
// no room, or that a quota is reached. One that is closed already is no error.
int CloseOutput();

// The same of another descriptor, which stays open: a twin of it is closed.
int CloseTwin(int number);

// Whether standard output is a pipe without a reader.
bool NobodyReads();

// To be called by what will write a file that was asked for, before anything is
// printed: from then on a closed pipe does not end the process, which would
// lose the file. Unless SIGPIPE was ignored before, EndWithoutReader() ends it.
void OutliveReader();

// Ends the process by SIGPIPE if OutliveReader() has put that off and nobody
// reads.
void EndWithoutReader();

}  // namespace vmtrunc::base

#endif  // VMTRUNC_BASE_STREAMS_H_
