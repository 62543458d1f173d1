# What every run shares. The import repairs MMPose where it is broken and
# registers this package, so that MMPose's own tools run these configs too.
custom_imports = dict(imports=['mmpose_ctd'], allow_failed_imports=False)
default_scope = 'mmpose'
# For MMPoseInferencer.
data_mode = 'topdown'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=25),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Iterations, as the budget of labels must not change the budget of steps.
    # A kill or a full disc loses no finished checkpoint.
    checkpoint=dict(
        type='SafeCheckpointHook',
        by_epoch=False,
        interval=250,
        max_keep_ckpts=1,
    ),
    # One training in a work dir; overwrite=True removes an earlier one's.
    work_dir=dict(type='WorkDirHook', overwrite=False),
    # A resumed run has the schedule of its config, not the checkpoint's.
    resumed_config=dict(type='ResumedConfigHook'),
    # Stops at a NaN or infinite loss, before anything of it is saved.
    finite_loss=dict(type='FiniteLossHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Augmentations by seed, step and sample alone: whatever the number of
    # loader workers and interruptions, the same weights.
    exact_resume=dict(type='ExactResumeHook'),
    # CED figure after testing; with --show-dir, prediction against truth.
    visualization=dict(type='LandmarkFigureHook', enable=False),
    # Mirrored images need each landmark's partner: docs/data.md.
    flip_check=dict(type='FlipCheckHook'),
    # Checkpoints know who trained and how faces were framed; tests compare.
    provenance=dict(type='ProvenanceHook'),
    # On CPUs: the same numbers, sooner.
    freed_memory=dict(type='FreedMemoryHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
    # Absolute paths stay out of checkpoints.
    privacy=dict(type='PrivacyHook'),
    # Connectors are no part of the saved model; a resumed run finds theirs.
    regularizer_state=dict(type='RegularizerStateHook'),
)
# For your own: a list in a child config replaces it.
custom_hooks = []

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(
    type='PoseLocalVisualizer', vis_backends=vis_backends, name='visualizer'
)
log_processor = dict(type='LogProcessor', window_size=25, by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
# A seed gives the same run on the same machine, resumed or not.
randomness = dict(seed=0)
