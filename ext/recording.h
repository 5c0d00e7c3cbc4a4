/* The plan that this thread is recording, if any: a borrowed pointer to a Plan object. */
#pragma once
static _Thread_local void *recording_plan;
static inline void *recording(void) { return recording_plan; }
static inline void set_recording(void *plan) { recording_plan = plan; }
