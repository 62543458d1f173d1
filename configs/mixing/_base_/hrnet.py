# The stages of MMPose's HRNets, without their numbers of channels.
hrnet = dict(
    stage1=dict(
        num_modules=1,
        num_branches=1,
        block='BOTTLENECK',
        num_blocks=(4,),
        num_channels=(64,),
    ),
    stage2=dict(
        num_modules=1, num_branches=2, block='BASIC', num_blocks=(4, 4)
    ),
    stage3=dict(
        num_modules=4, num_branches=3, block='BASIC', num_blocks=(4, 4, 4)
    ),
    stage4=dict(
        num_modules=3, num_branches=4, block='BASIC', num_blocks=(4, 4, 4, 4)
    ),
)
