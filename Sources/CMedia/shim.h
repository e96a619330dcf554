// FFmpeg 5.1 (libavutil 57) as one module. The macros that Swift's importer cannot read get a typed door each.
#ifndef STUDIO_CMEDIA_SHIM_H
#define STUDIO_CMEDIA_SHIM_H

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/dict.h>
#include <libavutil/display.h>
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

/// libav's status for an errno value.
static inline int cmedia_error(int number) { return AVERROR(number); }

/// "No more data": the end of a file, of a codec's output, of a filter's output.
static inline int cmedia_error_end(void) { return AVERROR_EOF; }

/// "Give me input first", from a codec or a filter.
static inline int cmedia_error_again(void) { return AVERROR(EAGAIN); }

/// "The bytes are not what the format says."
static inline int cmedia_error_invalid_data(void) { return AVERROR_INVALIDDATA; }

/// The timestamp that means "none".
static inline int64_t cmedia_no_timestamp(void) { return AV_NOPTS_VALUE; }

/// A microsecond, the unit of AVFormatContext's own times.
static inline AVRational cmedia_microsecond(void) { return AV_TIME_BASE_Q; }

#endif
